"""A run folder becomes a page, pictures, and the mistakes most worth reading."""

import logging


def _is_of_drawing(record: logging.LogRecord) -> bool:
    """Tell whether matplotlib warns of a drawing, and not of a place for its list of fonts."""
    return record.funcName != "_get_config_or_cache_dir"


logging.getLogger("matplotlib").addFilter(_is_of_drawing)
