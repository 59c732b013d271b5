"""Every question is signed in, and none takes away by what it is: schemathesis learns ids from answers,
and would block the very person who asks. Somebody spare is there for that.
"""

import json
import os

import schemathesis

OWN = set(json.loads(os.environ["JUDGE_OWN"]))
SPARE = json.loads(os.environ["JUDGE_SPARE"])


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers["Authorization"] = f"Bearer {os.environ['JUDGE_TOKEN']}"
    for name, value in list((case.path_parameters or {}).items()):
        if value in OWN:
            case.path_parameters[name] = SPARE[name]
