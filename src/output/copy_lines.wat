;; Copies lines of a service into a form, sixteen bytes at a time. `deno task assemble` makes copy_lines.ts of it.
(module
  (import "denit" "memory" (memory 1))

  ;; Where the line begins that was not copied, after a call.
  (global $line (export "line") (mut i32) (i32.const 0))

  ;; Copies whole lines from $line on to $at, each between a head and a tail, until a line begins behind $limit.
  ;; Stops before a line that does not end before $end, where a newline must stand, or that is longer than $longest;
  ;; where $plain is -1, not 0, also before one that begins with a blank or a brace, or holds a byte that does not
  ;; stand for itself in a JSON string. Returns where what was copied ends; up to 16 bytes behind that are written, too.
  (func (export "copyLines")
    (param $from i32) (param $end i32) (param $at i32) (param $limit i32) (param $longest i32) (param $plain i32)
    (param $head i32) (param $headLength i32) (param $tail i32) (param $tailLength i32)
    (result i32)
    (local $start i32) (local $in i32) (local $out i32) (local $hits i32) (local $chunk v128)

    (local.set $start (local.get $from))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $start) (local.get $end)))
        (br_if $done (i32.ge_u (local.get $at) (local.get $limit)))
        (if (local.get $plain)
          (then
            (local.set $hits (i32.load8_u (local.get $start)))
            (br_if $done (i32.eq (local.get $hits) (i32.const 0x20)))
            (br_if $done (i32.eq (local.get $hits) (i32.const 0x7b)))))

        (local.set $out (call $copy (local.get $at) (local.get $head) (local.get $headLength)))
        (local.set $in (local.get $start))
        (block $found
          (loop $more
            (v128.store (local.get $out) (local.tee $chunk (v128.load (local.get $in))))
            (br_if $found
              (local.tee $hits
                (i8x16.bitmask
                  (v128.or
                    (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 0x0a)))
                    (v128.and
                      (i8x16.splat (local.get $plain))
                      (v128.or
                        ;; as signed bytes: what controls, and what is beyond ASCII
                        (i8x16.lt_s (local.get $chunk) (i8x16.splat (i32.const 0x20)))
                        (v128.or
                          (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 0x22)))
                          (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 0x5c))))))))))
            (local.set $in (i32.add (local.get $in) (i32.const 16)))
            (local.set $out (i32.add (local.get $out) (i32.const 16)))
            (br $more)))
        (local.set $hits (i32.ctz (local.get $hits)))
        (local.set $in (i32.add (local.get $in) (local.get $hits)))
        (local.set $out (i32.add (local.get $out) (local.get $hits)))

        (br_if $done (i32.ge_u (local.get $in) (local.get $end)))
        (br_if $done (i32.ne (i32.load8_u (local.get $in)) (i32.const 0x0a)))
        (br_if $done (i32.gt_u (i32.sub (local.get $in) (local.get $start)) (local.get $longest)))

        (local.set $at (call $copy (local.get $out) (local.get $tail) (local.get $tailLength)))
        (local.set $start (i32.add (local.get $in) (i32.const 1)))
        (br $next)))
    (global.set $line (local.get $start))
    (local.get $at))

  ;; Copies so many bytes, and up to sixteen more; returns where the copy ends.
  (func $copy (param $to i32) (param $from i32) (param $length i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $to) (local.get $length)))
    (loop $more
      (v128.store (local.get $to) (v128.load (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $more (i32.lt_u (local.get $to) (local.get $end))))
    (local.get $end)))
