"""Ways to learn from few labelled texts are measured on texts held out, and the best is taken."""
