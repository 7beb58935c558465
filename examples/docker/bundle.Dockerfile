# A program on a base that has the C library, with stock Deno and the bundle as its init.
ARG BASE=debian:stable-slim
ARG DENIT=denit:bundle

FROM ${DENIT} AS denit

FROM ${BASE}
COPY --from=denit /deno /denit.js /
ENTRYPOINT ["/deno", "run", "--no-config", "--no-prompt", "--no-code-cache", "--v8-flags=--expose-gc,--max-semi-space-size=1", "--allow-ffi", "/denit.js", "--"]
CMD ["sh", "-c", "echo hello from $$"]
