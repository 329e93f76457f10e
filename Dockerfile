# The deployed application: the library, the Dagster code location, and what they run on.
FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git ca-certificates \
        prometheus prometheus-alertmanager \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN uv sync --frozen --no-dev \
    && useradd --uid 10001 --create-home coffee \
    && install -d -o coffee /data
USER 10001
ENV PATH=/app/.venv/bin:$PATH COFFEE_HOME=/data
VOLUME /data
EXPOSE 3000
ENTRYPOINT ["coffee-pipeline"]
CMD ["up", "--port", "3000"]
