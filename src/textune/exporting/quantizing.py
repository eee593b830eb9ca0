"""A graph of fp32 weights becomes one of int8 or fp16 weights, or one of OpenVINO."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from textune.errors import ModelError, first_line
from textune.exporting import graphs

HEADS = ("/classifier", "/pooler", "/pre_classifier", "/qa_outputs", "/head/")  # kept in fp32: they
# are small, and all that they lose reaches a decision
BLOCK = 32  # weights of a column that share a scale
LEVEL = 4  # of onnxruntime's: activations become int8, each block of a row by a scale of its own
LEAST_ROWS = 256  # of a table whose rows become int8


def to_int8(source: Path, target: Path, *, spared: Collection[str] = ()) -> None:
    """Quantise the products with weights, and the rows of tables, to 8 bits.

    Weights and activations are scaled in blocks of 32, symmetrically, so that one outlier spoils
    its own block alone; activations are scaled as they come, row by row: what a text is answered
    does not depend on its company, and no texts have to stand for all others.

    Args:
        source: ONNX in fp32.
        target: To be written.
        spared: Parts of the names of operators that stay as they are, beside the head.

    Raises:
        ModelError: onnxruntime cannot.
    """
    import onnx
    from onnxruntime.quantization import matmul_nbits_quantizer as nbits

    model = onnx.load(str(source))
    kept = [node.name for node in model.graph.node if _has(node.name, (*HEADS, *spared))]
    how = nbits.DefaultWeightOnlyQuantConfig(
        block_size=BLOCK, is_symmetric=True, accuracy_level=LEVEL, bits=8
    )
    try:
        with _silent():
            made = nbits.MatMulNBitsQuantizer(
                model, bits=8, block_size=BLOCK, nodes_to_exclude=kept, algo_config=how
            )
            made.process()
        _shrink_tables(made.model.model)
    except Exception as error:  # it raises many kinds
        raise ModelError(f"cannot be quantised to int8: {first_line(error)}") from error
    graphs.save(made.model.model, target)


def to_fp16(source: Path, target: Path) -> None:
    """Turn a graph's numbers into fp16; what goes in and comes out stays as it is.

    Raises:
        ModelError: onnxruntime cannot.
    """
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    try:
        with _silent():
            made = convert_float_to_float16(onnx.load(str(source)), keep_io_types=True)
    except Exception as error:  # it raises many kinds
        raise ModelError(f"cannot be turned into fp16: {first_line(error)}") from error
    graphs.save(made, target)


def to_openvino(source: Path, target: Path, *, half: bool) -> None:
    """Turn a graph of ONNX into one of OpenVINO; `half`: its weights are stored in fp16.

    Raises:
        ModelError: OpenVINO cannot.
    """
    import openvino

    try:
        model = openvino.Core().read_model(str(source))  # its convert_model reports its use
        openvino.save_model(model, str(target), compress_to_fp16=half)
    except Exception as error:  # it raises many kinds
        raise ModelError(f"cannot be converted by OpenVINO: {first_line(error)}") from error


def _shrink_tables(model: Any) -> None:
    """Let tables of embeddings be int8, each row with a scale of its own."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    tables = {one.name: one for one in graph.initializer if _is_table(one)}
    reads = [node for node in graph.node if set(node.input) & tables.keys()]
    for name, table in tables.items():
        own = [node for node in reads if name in node.input]
        if not own or any(node.op_type != "Gather" or node.input[0] != name for node in own):
            continue  # also a matrix of a product: a masked-LM head's
        weights = numpy_helper.to_array(table)  # (V, D)
        scales = np.abs(weights).max(axis=1, keepdims=True) / 127  # (V, 1)
        scales = np.where(scales > 0, scales, 1).astype(np.float32)
        small = np.rint(weights / scales).astype(np.int8)
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(small, f"{name}_int8"))
        graph.initializer.append(numpy_helper.from_array(scales, f"{name}_scales"))
        for node in own:
            at, ids, out = list(graph.node).index(node), node.input[1], node.output[0]
            parts = [f"{out}_{part}" for part in ("int8", "fp32", "scale")]
            made = [
                helper.make_node("Gather", [f"{name}_int8", ids], parts[:1], axis=0),
                helper.make_node("Cast", parts[:1], parts[1:2], to=TensorProto.FLOAT),
                helper.make_node("Gather", [f"{name}_scales", ids], parts[2:], axis=0),
                helper.make_node("Mul", parts[1:], [out]),
            ]
            graph.node.remove(node)
            for number, one in enumerate(made):
                graph.node.insert(at + number, one)


def _is_table(tensor: Any) -> bool:
    from onnx import TensorProto

    is_float = tensor.data_type == TensorProto.FLOAT
    return is_float and len(tensor.dims) == 2 and tensor.dims[0] >= LEAST_ROWS


def _has(name: str, parts: Collection[str]) -> bool:
    return any(part in name for part in parts)


@contextmanager
def _silent() -> Iterator[None]:
    """Let onnxruntime's tools say nothing: what they made is compared with the run."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
