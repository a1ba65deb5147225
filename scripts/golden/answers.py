"""Golden values of metrics of answers: exact match and F1 as SQuAD's script has them (in transformers), ROUGE-L of rouge-score, Cohen's kappa,
balanced accuracy and macro-F1 of scikit-learn. Writes score/testdata/answers.json and stat/testdata/classes.json.

    $(scripts/venv venv-answers "rouge-score==0.1.2 scikit-learn==1.9.1 transformers==4.46.3") scripts/golden/answers.py
"""
import json, pathlib, random, warnings

from rouge_score import rouge_scorer
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score
from transformers.data.metrics.squad_metrics import compute_exact, compute_f1, normalize_answer

warnings.filterwarnings("ignore")
root = pathlib.Path(__file__).parents[2]
rng = random.Random(7)
words = "the a an license Licence grants grant 30 days' notice, to You; may not (sublicense) X-linked U.S. e.g. -- patents' don't THE  copyright\tand/or 2.0".split(" ")
pairs = [("The 30 days.", "30 days"), ("", ""), ("the", "an"), ("", "x"), ("X-linked", "X linked"), ("Yes, you may.", "yes"), ("a b a b", "b a"), ("It's the U.S.", "us")]
pairs += [(" ".join(rng.choices(words, k=rng.randint(0, 12))), " ".join(rng.choices(words, k=rng.randint(1, 9)))) for _ in range(60)]
rouge = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
answers = [{"said": s, "gold": g, "normal": normalize_answer(s), "exact": compute_exact(g, s), "f1": compute_f1(g, s), "rouge_l": rouge.score(g, s)["rougeL"].fmeasure}
           for s, g in pairs]
(root / "score/testdata/answers.json").write_text(json.dumps(answers, indent=0) + "\n")

classes = []
for n, size in [(2, 10), (3, 7), (3, 30), (4, 12), (8, 100)]:
    gold, said = ([rng.randrange(n) for _ in range(size)] for _ in range(2))
    said = [g if rng.random() < .5 else s for g, s in zip(gold, said)]
    pair = {"gold": gold, "said": said, "n": n, "balanced": balanced_accuracy_score(gold, said), "macro_f1": f1_score(gold, said, average="macro")}
    a, b = [g > 0 for g in gold], [s > 0 for s in said]
    classes.append(pair | {"kappa": cohen_kappa_score(a, b)})
(root / "stat/testdata").mkdir(exist_ok=True)
(root / "stat/testdata/classes.json").write_text(json.dumps(classes) + "\n")
