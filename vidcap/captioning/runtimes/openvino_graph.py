"""OpenVINO as a run time: turning torch modules to graphs and running them on the CPU.

The graphs are made from torch once, when a checkpoint is exported; running them needs no torch.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = NDArray[Any]


def import_openvino() -> ModuleType:
    """Import openvino without the telemetry it would send.

    ``import openvino`` reports itself to a server through the package ``openvino_telemetry``,
    unasked.  vidcap opens no connection that nobody told it to open, so that package is hidden
    and openvino falls back on the stub it keeps for this case.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")


def convert(module: nn.Module, example: Sequence[Tensor], shapes: Sequence[Sequence[int]]) -> Any:
    """Convert a torch module in evaluation mode to an OpenVINO model.

    Args:
        module: the module; its ``forward`` takes tensors only.
        example: one tensor per input, used for tracing.
        shapes: one shape per input, -1 where it may vary.
    """
    openvino = import_openvino()
    with warnings.catch_warnings():
        # Tracing warns of every shape that becomes a constant, which is what is wanted here.
        warnings.simplefilter("ignore")
        return openvino.convert_model(
            module,
            example_input=tuple(example) if len(example) > 1 else example[0],
            input=[openvino.PartialShape(list(shape)) for shape in shapes],
        )


def read(text: str, weights: NDArray[np.uint8]) -> Any:
    """Read a graph for :class:`Graph` to compile.

    Args:
        text: the graph as OpenVINO IR.
        weights: what its offsets point into; must outlive the graph.

    Raises:
        ModelError: this is no graph that this OpenVINO can read.
    """
    openvino = import_openvino()
    if not text.startswith("<?xml"):  # OpenVINO would try other formats, which may name files
        raise ModelError("its graph is no OpenVINO IR")
    try:
        return openvino.Core().read_model(text, openvino.Tensor(weights, shared_memory=True))
    except RuntimeError as error:
        raise ModelError(f"its graph cannot be read by OpenVINO: {error}") from error


class Graph:
    """A compiled graph on the CPU, run with fixed shapes in float32.

    Args:
        model: what :func:`read` or :func:`convert` gave, which is changed.
        shapes: the exact shape of every input: results for one picture then never depend on how
            many others were asked for with it.  -1 where a size may vary.
        threads: processor threads in all; 0 leaves it to OpenVINO.
        streams: how many requests run side by side, sharing the threads.

    Raises:
        ModelError: this OpenVINO cannot run the graph with these shapes.
    """

    def __init__(
        self, model: Any, shapes: Sequence[Sequence[int]], *, threads: int = 0, streams: int = 1
    ) -> None:
        openvino = import_openvino()
        core = openvino.Core()
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": streams,
            "ENABLE_CPU_PINNING": False,
        }
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        try:
            model.reshape(dict(enumerate([list(shape) for shape in shapes])))
            self._compiled = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            raise ModelError(f"the graph cannot be run by OpenVINO: {error}") from error
        self._queue = openvino.AsyncInferQueue(self._compiled, streams)
        self._streams = streams
        self._request = self._compiled.create_infer_request()

    def __call__(self, *inputs: Array) -> list[Array]:
        """Run once; the outputs, in the graph's order, are overwritten by the next run.

        Raises:
            ModelError: the graph cannot be run on inputs of these sizes.
        """
        try:
            self._request.infer(list(inputs), share_inputs=True)
        except RuntimeError as error:
            raise ModelError(f"the graph cannot be run by OpenVINO: {error}") from error
        return [tensor.data for tensor in self._request.output_tensors]

    def output_shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the outputs, in order."""
        return [tuple(output.shape) for output in self._compiled.outputs]

    def map(self, items: Iterable[Array]) -> Iterator[list[Array]]:
        """Run a one-input graph on each item, several at once; the outputs come in order."""
        results: dict[int, list[Array]] = {}

        def collect(request: Any, index: int) -> None:
            results[index] = [np.array(tensor.data) for tensor in request.output_tensors]

        self._queue.set_callback(collect)
        window = 2 * self._streams
        given = 0
        sent = 0
        for item in items:
            self._queue.start_async([item], sent)
            sent += 1
            if sent - given >= window:
                if given not in results:
                    self._queue.wait_all()
                yield results.pop(given)
                given += 1
        self._queue.wait_all()
        for index in range(given, sent):
            yield results.pop(index)
