"""每晚推送学校的材料 · Push a school's evidence every night.

SPECIALTY_EVAL_KEY=key_… python push_every_night.py FIGURES.csv ROUND

FIGURES.csv: code,measure,value，一行一个数据 a figure a row. What somebody typed for other measures stays; if somebody
saves in the same moment, theirs stands and tomorrow's run comes again. Running it twice changes nothing twice.
"""

import csv
import sys
from collections import defaultdict

from specialty_eval_client import Client, Refused

path, round_id = sys.argv[1:]
figures: dict[str, dict[str, str]] = defaultdict(dict)
with open(path, encoding="utf-8-sig", newline="") as opened:
    for row in csv.DictReader(opened):
        figures[row["code"]][row["measure"]] = row["value"]

failed = 0
with Client() as client:
    reviews = client.pages(f"/v1/rounds/{round_id}/reviews", state="open", limit=500)
    review_of = {review["code"]: review["id"] for review in reviews}
    for code, pushed in figures.items():
        if code not in review_of:
            print(code, "没有正在填报的评估 no review to fill in", file=sys.stderr)
            failed += 1
            continue
        kept = client.draft(review_of[code])
        values = {name: figure["value"] for name, figure in kept.value["figures"].items()}
        sources = {name: figure["source"] for name, figure in kept.value["figures"].items()}
        try:
            client.save_draft(review_of[code], values | pushed, sources=sources,
                              self_evaluation=kept.value["self_evaluation"], if_match=kept.etag)  # fmt: skip
            print(code, "已保存 saved", len(pushed))
        except Refused as refused:
            failed += 1
            for problem in refused.problems:
                print(code, problem.where, problem.code, problem.zh, problem.next_zh, file=sys.stderr)
sys.exit(1 if failed else 0)
