"""The commands of `registry`, one file for each thing that people come for."""
