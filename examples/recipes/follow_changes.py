"""跟随变动，断线、重启都不漏 · Follow changes and miss none. python follow_changes.py FILE.sqlite"""

import sys

from specialty_eval_client import Client, FeedCache, follow

with Client() as client, FeedCache(sys.argv[1]) as cache:
    for event in follow(client, cache, kinds=["review.confirm", "standing.close"]):
        print(event.seq, event.kind, event.specialty_id, event.before, event.after, flush=True)
