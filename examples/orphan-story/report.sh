# Makes a report: calls a helper that takes a while, and waits for it.
sleep "${REPORT_SECONDS:-5}"
echo "the report is done"
