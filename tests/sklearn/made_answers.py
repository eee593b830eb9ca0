"""A process that was handed a pickle and texts, and nothing else, says what the model answers."""

import importlib
import json
import sys
from pathlib import Path

if __name__ == "__main__":
    assert "textune.sklearn" not in sys.modules  # the pickle says what is to be imported
    folder = Path(sys.argv[1])
    joblib = importlib.import_module("joblib")  # which scikit-learn brings along
    model = joblib.load(folder / "model.joblib")
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps(model.predict_proba(texts).tolist()))
