"""The folder of a run, a model or an export becomes what is wrong with it, and the ways out."""
