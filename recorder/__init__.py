"""Runs a Pulumi program without engine or cloud, and records what it asked the engine for.

Plain ``pulumi.runtime.Mocks`` never see protect, parent, aliases or retainOnDelete, and equal URNs silently overwrite
each other. This recorder sits one layer lower, where the requests to the engine arrive. For unit tests, also of your
own components, and for what is generated from the resource graph::

    recording = record(lambda: Network("net", NetworkArgs(...)))
    assert recording["net-vpc"].inputs["cidrBlock"] == "10.0.0.0/16"
    assert recording.outputs_of("net")["vpc_id"] == "net-vpc-id"

    dev = record_stack(Path(), "dev")                    # the whole program, with the settings of Pulumi.dev.yaml
    assert dev.waits_for("application", "database")

What a cloud would answer is made up in `recorder.cloud`, which knows the types of this platform; of another AWS type it
gives an ARN, and ``record(overrides=..., answers=...)`` gives the rest.
"""

from recorder.recording import Recorded, Recording
from recorder.running import record
from recorder.stack import configuration, record_stack

__all__ = ["Recorded", "Recording", "configuration", "record", "record_stack"]
