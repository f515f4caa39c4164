# docker build -t fasti .
# docker run -p 8080:8080 -v fasti:/data -e FASTI_PUBLIC_URL=https://book.example.org --read-only fasti

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin fasti \
    && install -m 0755 target/release/fasti /src/fasti

FROM debian:bookworm-slim
# For connections to PostgreSQL and to calendar providers over TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/fasti /usr/local/bin/fasti
# By number, so that an orchestrator can see that it is not root.
RUN install -d -o 10001 -g 10001 -m 0700 /data
USER 10001:10001
ENV FASTI_LISTEN=0.0.0.0:8080 \
    FASTI_DATA_DIR=/data
# Nothing else is written: the root file system may be read-only.
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["fasti", "healthcheck"]
ENTRYPOINT ["fasti"]
CMD ["serve"]
