# A program alone, with the executable as its init. `/ /` brings the files of the C library that both need.
ARG BUILD=debian:stable-slim
ARG DENIT=denit

FROM ${DENIT} AS denit

FROM ${BUILD} AS build

FROM scratch
COPY --from=denit / /
COPY --from=build /bin/echo /echo
ENTRYPOINT ["/denit", "--"]
CMD ["/echo", "hello"]
