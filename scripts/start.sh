#!/bin/sh
# npm start: the broker from the sources, with what suits it; ARCHITECTURE.md has the figures.
#   NODE_COMPILE_CACHE   TypeScript is stripped and compiled once, not at every start
#   MALLOC_…             glibc gives memory back that the broker has let go of
#   --max-semi-space-size  messages die in memory that is still in the processor's cache
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-node_modules/.cache/node}"
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}"
export MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-1000000}"
exec node --max-semi-space-size=8 src/main.ts "$@"
