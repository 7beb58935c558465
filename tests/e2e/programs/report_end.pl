# Prints "ready", and ends when standard input does.
$| = 1;
print "ready\n";
<STDIN>;
