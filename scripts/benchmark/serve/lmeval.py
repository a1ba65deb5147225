"""lm-eval over HTTP: two tasks of files of our own, by local-completions.

    python lmeval.py URL TOKENIZER TASKS OUT

TASKS holds the tasks in YAML with their data in JSONL; OUT gets a line of JSON for each text that was scored: its tokens, how many of them are given,
and the sum of log-probabilities that lm-eval has of the others.
"""
import json
import sys

import lm_eval
from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval.tasks import TaskManager

url, tokenizer, tasks, out = sys.argv[1:]
model = LocalCompletionsAPI(base_url=url + "/v1/completions", model="small-model", tokenizer=tokenizer, tokenizer_backend="huggingface", num_concurrent=8, max_length=127, batch_size=4)
scored = []
plain = model._loglikelihood_tokens


def recorded(requests, *args, **kwargs):
    answers = plain(requests, *args, **kwargs)
    scored.extend((r[1], r[2], a) for r, a in zip(requests, answers))
    return answers


model._loglikelihood_tokens = recorded
results = lm_eval.simple_evaluate(model=model, tasks=["choices", "texts"], task_manager=TaskManager(include_path=tasks, include_defaults=False), bootstrap_iters=0)
with open(out, "w") as f:
    for given, rest, (total, greedy) in scored:
        print(json.dumps({"tokens": given + rest, "given": len(given), "sum": total, "greedy": bool(greedy)}), file=f)
print(json.dumps({k: v for k, v in results["results"].items()}, default=str))
