# A static binary and nothing else, run by a user that owns only /data.
#
#	docker build -t keyreeve .
#	docker run -p 127.0.0.1:8080:8080 -v keyreeve:/data keyreeve
#	docker run --rm -v keyreeve:/data alpine cat /data/admin-key
#
# Nobody has built this file in the project's CI, which has no container
# engine: the binary in it is what `make build` builds and CI tests.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make build && mkdir -m 0700 /data && mkdir -m 1777 /empty

FROM scratch
# To check the certificate of a PostgreSQL server.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/bin/keyreeve /keyreeve
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build --chown=65532:65532 /empty /tmp
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENV KEYREEVE_LISTEN=0.0.0.0:8080 \
    KEYREEVE_DATABASE=/data/keyreeve.db \
    KEYREEVE_BOOTSTRAP_KEY_FILE=/data/admin-key
STOPSIGNAL SIGTERM
ENTRYPOINT ["/keyreeve"]
CMD ["serve"]
