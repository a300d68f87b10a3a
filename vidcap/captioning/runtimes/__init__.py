"""Run a checkpoint on OpenVINO or torch behind one protocol."""
