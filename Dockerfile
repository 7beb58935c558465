# denit as an image to copy from, in two forms.
#
#   docker build --tag denit .                            the executable
#   docker build --tag denit:bundle --target bundle .     stock Deno and the one file that it runs
#
# The executable on a base that has the C library (Debian, Ubuntu, distroless/cc; glibc 2.27 or newer):
#
#   COPY --from=denit /denit /denit
#   ENTRYPOINT ["/denit", "--"]
#   CMD ["your-program"]
#
# On scratch, or a static distroless, take the few files of the C library along: write `COPY --from=denit / /`, and
# before all other lines, since it brings folders. The bundle, for a base that has Deno, or with `/deno` where not:
#
#   COPY --from=denit:bundle /denit.js /denit.js
#   ENTRYPOINT ["deno", "run", "--no-config", "--no-prompt", "--no-code-cache", "--v8-flags=--expose-gc,--max-semi-space-size=1", "--allow-ffi", "/denit.js", "--"]
#   CMD ["your-program"]
#
# examples/docker has whole files. Options of denit go in front of the `--`, or into variables: ENV DENIT_GRACE=5s.

# Any image with this Deno on its PATH and a Debian userland: where no registry is reached, one of your own.
ARG DENO_IMAGE=denoland/deno:debian-2.9.5

FROM ${DENO_IMAGE} AS source
WORKDIR /source
COPY deno.json deno.lock ./
COPY ffi ffi
COPY src src
COPY tools tools
RUN deno task bundle

# What `ldd` names is what a program needs of the C library, on each architecture: the loader, whose path is written in
# the program, and libc, libm, libdl, libpthread, libgcc_s, on x86_64 also librt. Copied as files, not as links.
FROM source AS bundle-files
RUN mkdir /image \
 && cp "$(command -v deno)" /image/deno \
 && cp dist/denit.js /image/denit.js \
 && ldd /image/deno | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory /image

FROM scratch AS bundle
COPY --from=bundle-files /image /
# No code cache: a container starts with an empty one, and would only write it.
ENTRYPOINT ["/deno", "run", "--no-config", "--no-prompt", "--no-code-cache", "--v8-flags=--expose-gc,--max-semi-space-size=1", "--allow-ffi", "/denit.js", "--"]

# Compiling downloads the base of the executable, Deno's `denort`.
FROM source AS executable-files
RUN deno task "compile:$(uname -m)" \
 && mkdir /image \
 && cp "dist/denit-linux-$(uname -m)" /image/denit \
 && ldd /image/denit | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory /image

FROM scratch AS executable
COPY --from=executable-files /image /
ENTRYPOINT ["/denit", "--"]
