"""Sentences with personal data, for the tests of data/redact. Needs faker (https://faker.readthedocs.io), version 40.63.0.

usage: personal.py data/redact/testdata/personal.jsonl

A line is {"text", "found": [[kind, value], …]}. Half of the lines have nothing personal: dates, versions, amounts, ISBN, addresses of networks, hashes.
"""

import json
import random
import sys

from faker import Faker

LOCALES = ["de_DE", "en_US", "en_GB", "fr_FR", "it_IT", "es_ES", "pl_PL", "zh_CN"]
EACH = 6
IN = [
    "My {what} is {v}, please keep it.", "{v}", "({v})", "Contact: {v}.", "Does the rule hold for {v}?", "He wrote \"{v}\" in the form, and nothing else.",
    "Vertrag mit {v}; gilt das?", "请问 {v} 是否有效？",
]


def main(path):
    random.seed(7)
    rows = []

    def row(text, *found):
        rows.append({"text": text, "found": [list(f) for f in found]})

    for locale in LOCALES:
        fake = Faker(locale)
        fake.seed_instance(7)
        kinds = {"email": fake.ascii_email, "phone": fake.phone_number, "iban": fake.iban, "card": fake.credit_card_number, "national_id": fake.ssn}
        for kind, make in kinds.items():
            if kind == "iban" and locale in ("en_US", "zh_CN"):
                continue
            for i in range(EACH):
                v = make()
                if kind == "iban" and i % 2:
                    v = " ".join(v[j : j + 4] for j in range(0, len(v), 4))
                if kind == "card" and i % 2:
                    v = " ".join(v[j : j + 4] for j in range(0, len(v), 4))
                row(random.choice(IN).format(what=kind, v=v), (kind, v))
        for i in range(EACH):
            mail, phone = fake.ascii_email(), fake.phone_number()
            row(f"Write to {mail} or call {phone} before 2024-05-0{i + 1}.", ("email", mail), ("phone", phone))
    fake = Faker("en_US")
    fake.seed_instance(8)
    plain = [
        lambda: f"on {fake.date()} at {fake.time()}", lambda: f"version {random.randint(0, 9)}.{random.randint(0, 20)}.{random.randint(0, 200)}",
        lambda: f"section {random.randint(1, 40)} of the GPL-3.0, paragraph {random.randint(1, 9)}", lambda: fake.isbn13(), lambda: fake.ipv4(), lambda: fake.ipv6(),
        lambda: fake.sha1(), lambda: fake.uuid4(), lambda: f"${random.randint(1, 9)},{random.randint(100, 999)},{random.randint(100, 999)}.{random.randint(10, 99)}",
        lambda: f"{random.randint(1, 9)} {random.randint(100, 999)} {random.randint(100, 999)} Euro", lambda: f"§ {random.randint(1, 2000)} Abs. {random.randint(1, 9)} BGB",
        lambda: f"Regulation (EU) 2016/{random.randint(100, 999)}", lambda: f"line {random.randint(10000, 999999)} of log.txt:{random.randint(1, 999)}",
        lambda: f"0x{random.randint(0, 2**32):08x}", lambda: f"{random.uniform(0, 1):.12f}", lambda: fake.date_time().isoformat(), lambda: f"1989-{random.randint(1990, 2024)}",
        lambda: f"@{fake.user_name()}", lambda: fake.ean13(), lambda: f"RFC {random.randint(1, 9999)}", lambda: fake.sentence(),
    ]
    while sum(1 for r in rows if not r["found"]) < sum(1 for r in rows if r["found"]):
        row(random.choice(IN).format(what="value", v=random.choice(plain)()))
    with open(path, "w", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")


main(sys.argv[1])
