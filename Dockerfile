# The page in a container: docker build -t vidcap . && docker run --rm -p 7860:7860 vidcap
FROM python:3.11-slim

ENV PIP_NO_CACHE_DIR=1

WORKDIR /app
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY vidcap vidcap
COPY examples/sample.mp4 examples/sample.mp4
RUN python -m pip install ".[web,describe]" && useradd --create-home vidcap

USER vidcap
EXPOSE 7860
CMD ["vidcap", "serve", "--host", "0.0.0.0"]
