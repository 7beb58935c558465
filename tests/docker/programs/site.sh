# A start script as many images have one: it starts the web server and waits for it.
trap 'echo "TERM" >/shared/shell; exit 3' TERM
perl /srv/web.pl &
wait
