"""Drives a server of OpenAI's protocol with OpenAI's own Python client, for the tests of package serve.

usage: openai_client.py ADDRESS
"""

import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="nobody asks for it", max_retries=0)
question = [{"role": "user", "content": "Why?"}]

models = [m.id for m in client.models.list()]
assert models[-1] == "embeddings" and client.models.retrieve("auto").id == "auto", models

whole = client.chat.completions.create(model="auto", messages=question, temperature=0, max_completion_tokens=50)
assert whole.choices[0].finish_reason == "stop" and whole.model_extra["slm"]["source"] == "town.txt:3", whole

text, usage = "", None
for chunk in client.chat.completions.create(model="auto", messages=question, stream=True, stream_options={"include_usage": True}):
    usage = chunk.usage or usage
    for choice in chunk.choices:
        text += choice.delta.content or ""
assert text == whole.choices[0].message.content and usage == whole.usage, (text, usage)

try:
    client.chat.completions.create(model="auto", messages=question, temperature=0.5)
    raise AssertionError("a temperature is taken")
except openai.BadRequestError as e:
    assert e.param == "temperature" and e.code == "unsupported_value", e

echo = client.completions.create(model="small-model", prompt="the rule", max_tokens=0, echo=True, logprobs=1).choices[0]
assert echo.text == "the rule" and echo.logprobs.token_logprobs[0] is None and all(p < 0 for p in echo.logprobs.token_logprobs[1:]), echo
pieces = [c.choices[0].text for c in client.completions.create(model="small-model", prompt="the rule", max_tokens=6, stream=True)]
assert "".join(pieces) == client.completions.create(model="small-model", prompt="the rule", max_tokens=6).choices[0].text, pieces

vectors = client.embeddings.create(model="embeddings", input=["a", "b"])  # in base64, unless told otherwise
assert [round(x, 5) for x in vectors.data[1].embedding] == [0.6, 0.8], vectors
