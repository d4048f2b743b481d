"""Ops by simpler ops, where their rule says how. Imports `program` and `tracing`.

Softmax in the loss and softmax in its gradient then share their exponentials; a layer's affine map
shows its product, which can be batched over time, beside the one that cannot.
"""

from __future__ import annotations

from ...engine.recording import name_scope, traced_by
from ..program.program import Program
from ..program.steps import Step
from ..tracing.capture import Tracer
from ..tracing.traced import Traced


def expand(program: Program) -> Program:
    """Write ops out as the simpler ops that they are composed of."""
    tracer = Tracer()

    def written_out(s: Step) -> Step:
        assert s.rule is not None
        if s.rule.expansion is None:
            return s
        arguments = [x.value if x.is_number else Traced.of(x) for x in s.inputs]
        with traced_by(tracer), name_scope(s.scope):
            y = s.rule.expansion(*arguments, **s.params)
        if y is None:
            return s
        result = tracer.step_of(y)
        return result if (result.shape, result.dtype) == (s.shape, s.dtype) else s

    return program.rewritten(lambda s, inputs: written_out(s.on(inputs)))
