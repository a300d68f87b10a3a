"""Parts of ``pipelines/fuzz.py``: seeds, mutations, targets and cells."""

import os
import sys
from pathlib import Path

# This checkout is what is attacked, whatever else is installed.
sys.path.insert(0, str(Path(__file__).parents[2]))
# Threads of a parent would be missing in the cells that it forks.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
