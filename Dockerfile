# The page in a container: docker build -t vidcap . && docker run --rm -p 7860:7860 vidcap
FROM python:3.11-slim

# CPU wheels of torch: a container without a GPU needs no CUDA libraries.
ENV PIP_NO_CACHE_DIR=1 PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu

WORKDIR /app
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY vidcap vidcap
COPY examples/sample.mp4 examples/sample.mp4
RUN python -m pip install ".[web,describe]" && useradd --create-home vidcap

USER vidcap
EXPOSE 7860
CMD ["vidcap", "serve", "--host", "0.0.0.0"]
