# Each "want" names the rule that must find the next line, and no other line may be found.
# want: dockerfile-base-not-pinned
FROM golang:latest AS build
# want: dockerfile-script-from-network
RUN curl -fsSL https://tools.test/install.sh | sh
RUN curl -fsSL -o /tmp/tool https://tools.test/tool && sha256sum -c /tmp/sums
# want: dockerfile-adds-from-network
ADD https://tools.test/archive.tgz /opt/
ADD local.tgz /opt/
# want: dockerfile-secret-in-image
ENV DATABASE_PASSWORD=hunter2
ARG API_TOKEN
ENV TOKEN_FILE=/run/token
RUN go build -o /app ./cmd/menu

# want: dockerfile-base-not-pinned
FROM alpine
COPY --from=build /app /app
# want: dockerfile-user-root
USER root
ENTRYPOINT ["/app"]
