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
    date, time, _, message = line.rstrip("\n").split(" ", 3)
    now = datetime.datetime.fromisoformat(f"{date} {time}")
    start = start or now
    for expression, what in EVENTS:
        found = re.match(expression, message)
        if found:
            event = {"at_ms": (now - start) / datetime.timedelta(milliseconds=1), "what": what}
            event |= {"unit": "io"} if what.endswith("-unit") else {}
            print(json.dumps(event | found.groupdict()))
