#!/usr/bin/env bash
# Installs the peers that the benchmarks compare with into an environment of their own.
#
#   benchmarks/peers.sh          PYTHON=python3.12 benchmarks/peers.sh for another interpreter
#
# The environment is benchmarks/.peers; git does not see it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

"${PYTHON:-python3}" -m venv .peers
# Just this torch: others pull gigabytes of CUDA libraries.
.peers/bin/python -m pip install -q torch==2.13.0 numpy spacy
.peers/bin/python -c 'import spacy, torch; print(f"torch {torch.__version__}, spacy {spacy.__version__}")'
