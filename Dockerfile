# onaccount in a container: one binary, no shell, not root. Build with BuildKit: docker build -t onaccount .
FROM rust:1.95-bookworm AS build
WORKDIR /build
# The bundled OpenSSL that libpq speaks TLS with is configured by perl; the image has it, and a C compiler.
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY data data
COPY migrations migrations
COPY src src
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --features tls --bin onaccount \
    && install -D target/release/onaccount /image/usr/local/bin/onaccount \
    && install -d /image/data

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="onaccount" \
      org.opencontainers.image.description="House accounts for tills: buy now, pay by invoice" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /image/usr/local/bin/onaccount /usr/local/bin/onaccount
# A volume that is made here takes the owner of the folder in the image, so that SQLite and its key file can be written.
COPY --from=build --chown=65532:65532 /image/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV ONACCOUNT_DATABASE_URL=sqlite:///data/onaccount.db \
    ONACCOUNT_LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["/usr/local/bin/onaccount", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/onaccount"]
CMD ["serve"]
