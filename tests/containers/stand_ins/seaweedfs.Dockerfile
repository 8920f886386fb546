# In place of chrislusf/seaweedfs where no registry can be reached: the same server, of the wheel that the tests use.
ARG BASE
FROM ${BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends wget && rm -rf /var/lib/apt/lists/*
COPY weed /usr/bin/
