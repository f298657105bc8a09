#!/usr/bin/env python3
"""Makes a trace of an app's log: convert.py < app.log > call.jsonl"""
import datetime
import json
import re
import sys

# What the log writes, and the event that it is. Names in the expression become arguments.
EVENTS = [
    (r"application launched$", "launch"),
    (r"report call=(?P<call>\S+)$", "report-incoming"),
    (r"report ok call=(?P<call>\S+)$", "report-succeeded"),
    (r"perform (?P<kind>answer|start|end) action=(?P<action>\S+) call=(?P<call>\S+)$", "perform"),
    (r"setCategory (?P<category>\w+) mode=(?P<mode>\w+)$", "set-category"),
    (r"fulfill action=(?P<action>\S+)$", "fulfill"),
    (r"didActivate$", "did-activate"),
    (r"didDeactivate$", "did-deactivate"),
    (r"AudioOutputUnitStart$", "start-unit"),
    (r"AudioOutputUnitStop$", "stop-unit"),
]
start = None
print(json.dumps({"oncue-trace": 1, "owner": "system"}))
for line in sys.stdin:
    parts = re.match(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) \w+ (.*)", line)
    if not parts:
        continue  # the rest of a longer message
    now = datetime.datetime.fromisoformat(parts[1])
    start = start or now
    for expression, what in EVENTS:
        found = re.match(expression, parts[2])
        if found:
            event = {"at_ms": (now - start) / datetime.timedelta(milliseconds=1), "what": what}
            event |= {"unit": "io"} if what.endswith("-unit") else {}
            print(json.dumps(event | found.groupdict()))
