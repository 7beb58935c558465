#!/bin/sh
# Says its arguments, and exits with END.
for word do echo "> argument: $word"; done
exit ${END:-0}
