"""The numbers of a run become what other programs show: TensorBoard, MLflow, Weights & Biases."""
