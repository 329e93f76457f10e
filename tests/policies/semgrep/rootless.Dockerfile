# No rule may find anything here but the missing user.
FROM golang:1.26.8@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa AS build
RUN go build -o /app ./cmd/menu

FROM build AS checked
RUN /app -version

FROM registry.test:5000/shop/base:1.2 AS base

FROM scratch
COPY --from=build /app /app
# want: dockerfile-runs-as-root
ENTRYPOINT ["/app"]
