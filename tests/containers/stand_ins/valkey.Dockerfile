# In place of valkey/valkey where no registry can be reached: the server of the wheel that the tests use, Debian's client.
ARG BASE
FROM ${BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends redis-tools && rm -rf /var/lib/apt/lists/* \
    && ln -s redis-cli /usr/bin/valkey-cli \
    && useradd --uid 999 --user-group --no-log-init valkey && install --directory --owner valkey --group valkey /data
COPY valkey-server /usr/bin/
VOLUME /data
