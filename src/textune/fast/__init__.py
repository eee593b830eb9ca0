"""What is computed by kernels of our own on a CPU, and packed attention on any device."""
