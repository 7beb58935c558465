# A program on a base that has the C library, with the executable as its init.
ARG BASE=debian:stable-slim
ARG DENIT=denit

FROM ${DENIT} AS denit

FROM ${BASE}
COPY --from=denit /denit /denit
ENTRYPOINT ["/denit", "--"]
CMD ["sh", "-c", "echo hello from $$"]
