# Warren in a container: docker build --tag warren . && docker run --publish 5672:5672 warren
# SIGTERM (docker stop) reaches the broker itself, as no shell stands in between. It starts no
# processes that it would have to reap; whoever adds some with docker exec can use run --init.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /warren
COPY package.json package-lock.json ./
# As locked. The optional packages are Node itself, for machines without it: not needed here.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

FROM node:24-bookworm-slim AS package
WORKDIR /warren
COPY . .
# `npm run pack` sets itself up; the compiler is an optional package, so nothing is omitted.
RUN npm run pack

FROM node:24-bookworm-slim
# RabbitMQ's image has the same user number and data folder, so that volumes can change hands.
RUN groupadd --system --gid 999 warren \
  && useradd --system --uid 999 --gid warren --home-dir /var/lib/rabbitmq --create-home warren
WORKDIR /opt/warren
COPY --from=package /warren/dist/package ./
COPY --from=dependencies /warren/node_modules ./node_modules
# What scripts and probes of RabbitMQ's image call.
RUN for name in rabbitmqctl rabbitmq-diagnostics rabbitmq-plugins rabbitmq-queues rabbitmqadmin; \
    do \
    ln -s "/opt/warren/src/commands/$name.js" "/usr/local/bin/$name"; done \
  && ln -s /opt/warren/src/main.js /usr/local/bin/warren
# As in RabbitMQ's image: guest may log in from other containers. Set RABBITMQ_DEFAULT_PASS.
ENV NODE_ENV=production WARREN_DATA_DIR=/var/lib/rabbitmq/warren WARREN_LOOPBACK_USERS=none \
    MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=1000000
USER 999:999
VOLUME /var/lib/rabbitmq
EXPOSE 1883 5672 15672 15674 15675 15692 61613
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "const port = /[0-9]+$/.exec(process.env.WARREN_LISTENERS_TCP_DEFAULT ?? '5672')[0]; require('node:net').connect(port, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "/opt/warren/src/main.js"]
