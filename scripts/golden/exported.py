"""Opens what `slm export` has written with the libraries that it is for, and compares with what slm itself computes.

    exported.py transformers FOLDER EXPECTED.json     ids, and logits to 1e-5 of the largest of a row or 1
    exported.py peft FOLDER EXPECTED.json BASE        the same, of an adapter on the model in another folder
    exported.py llama FILE EXPECTED.json              ids, and the first greedy tokens
    exported.py chat FOLDER EXPECTED.json             the chat template

Needs torch, transformers or llama-cpp-python; the test in pipeline/export runs it where they are there.
"""

import json
import sys


def fail(what):
    sys.exit(what)


def with_transformers(path, expected, base=None):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModelForCausalLM.from_pretrained(base or path).eval()
    if base:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, path).eval()
    worst = 0.0
    for text in expected["texts"]:
        ids = tokenizer(text["text"])["input_ids"]
        if ids != text["ids"]:
            fail(f"{text['text']!r}: ids {ids}, slm has {text['ids']}")
        if tokenizer.decode(ids, clean_up_tokenization_spaces=False) != text["text"]:
            fail(f"{text['text']!r} is decoded as {tokenizer.decode(ids)!r}")
        if not text["logits"]:
            continue
        with torch.no_grad():
            got = model(torch.tensor([ids])).logits[0, -1].double()
        want = torch.tensor(text["logits"], dtype=torch.float64)
        worst = max(worst, ((got - want).abs().max() / want.abs().max().clamp(min=1)).item())
    print(f"largest difference of a logit {worst:.2e}")
    if not worst <= 1e-5:
        fail("logits differ")
    for text in expected["greedy"]:
        if not text["next"]:
            continue
        prompt = torch.tensor([text["ids"]])
        got = model.generate(prompt, max_new_tokens=len(text["next"]), do_sample=False)[0, prompt.shape[1]:].tolist()
        if got != text["next"]:
            fail(f"after {text['ids']}: {got}, slm has {text['next']}")


def with_llama(path, expected):
    import llama_cpp

    model = llama_cpp.Llama(path, n_ctx=0, n_threads=1, verbose=False)
    for text in expected["texts"]:
        if "\0" in text["text"]:  # which llama.cpp takes for the end of a text
            continue
        ids = model.tokenize(text["text"].encode(), add_bos=True, special=False)
        if ids != text["ids"]:
            fail(f"{text['text']!r}: ids {ids}, slm has {text['ids']}")
    for text in expected["greedy"]:
        if not text["next"]:
            continue
        model.reset()
        got, tokens = [], model.generate(text["ids"], temp=0, repeat_penalty=1.0)
        for token in tokens:
            if token == model.token_eos():
                break
            got.append(token)
            if len(got) >= len(text["next"]):
                break
        if got != text["next"]:
            fail(f"after {text['ids']}: {got}, slm has {text['next']}")


def with_chat(path, expected):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    for chat in expected["chats"]:
        messages = [{"role": "user", "content": chat["question"]}]
        got = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        if got != chat["prompt"]:
            fail(f"{got!r}, slm has {chat['prompt']!r}")


modes = {"transformers": with_transformers, "peft": with_transformers, "llama": with_llama, "chat": with_chat}
with open(sys.argv[3], encoding="utf-8") as f:
    modes[sys.argv[1]](sys.argv[2], json.load(f), *sys.argv[4:])
