;; The passes over flat memory that no graph makes: gradient norm, sums of gradients, weight update and
;; dropout bits. `node scripts/build-kernels.mjs` compiles this file into kernels-wasm.ts.
;;
;; Addresses are unsigned byte offsets into the one imported memory, which stays below 4 GiB so that the end
;; of a range is an i32 too. Counts are elements; "fours" are counts rounded up to a multiple of 4.
;; The order of the float32 operations is a promise: src/model/adamw.ts makes the same ones.
(module
  (import "arena" "memory" (memory 0))

  ;; The address after `count` float32 values, rounded up to fours.
  (func $endOfFours (param $address i32) (param $count i32) (result i32)
    (i32.add (local.get $address)
      (i32.shl (i32.and (i32.add (local.get $count) (i32.const 3)) (i32.const -4)) (i32.const 2))))

  ;; An eighth of some bytes, in whole vectors.
  (func $eighthOf (param $bytes i32) (result i32)
    (i32.and (i32.shr_u (local.get $bytes) (i32.const 3)) (i32.const -16)))

  ;; x promoted to float64, both halves added.
  (func $promoted (param $x v128) (result v128)
    (f64x2.add (f64x2.promote_low_f32x4 (local.get $x))
      (f64x2.promote_low_f32x4 (i64x2.splat (i64x2.extract_lane 1 (local.get $x))))))

  ;; Sum of squares of float32 values, over fours. Eight eighths are gone through side by side, so that more of memory's
  ;; answers are under way at a time: the squares of a vector of each are added in float32, all else in float64.
  (func (export "sumOfSquares") (param $address i32) (param $count i32) (result f64)
    (local $end i32) (local $eighth i32) (local $endOfFirst i32) (local $x v128) (local $squares v128) (local $sum v128)
    (local $address1 i32) (local $address2 i32) (local $address3 i32) (local $address4 i32) (local $address5 i32)
    (local $address6 i32) (local $address7 i32)
    (local.set $end (call $endOfFours (local.get $address) (local.get $count)))
    (local.set $eighth (call $eighthOf (i32.sub (local.get $end) (local.get $address))))
    (local.set $endOfFirst (i32.add (local.get $address) (local.get $eighth)))
    (local.set $address1 (i32.add (local.get $address) (local.get $eighth)))
    (local.set $address2 (i32.add (local.get $address1) (local.get $eighth)))
    (local.set $address3 (i32.add (local.get $address2) (local.get $eighth)))
    (local.set $address4 (i32.add (local.get $address3) (local.get $eighth)))
    (local.set $address5 (i32.add (local.get $address4) (local.get $eighth)))
    (local.set $address6 (i32.add (local.get $address5) (local.get $eighth)))
    (local.set $address7 (i32.add (local.get $address6) (local.get $eighth)))
    (block $eighthsDone (loop $next
      (br_if $eighthsDone (i32.ge_u (local.get $address) (local.get $endOfFirst)))
      (local.set $x (v128.load (local.get $address)))
      (local.set $squares (f32x4.mul (local.get $x) (local.get $x)))
      (local.set $address (i32.add (local.get $address) (i32.const 16)))
      (local.set $x (v128.load (local.get $address1)))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
      (local.set $address1 (i32.add (local.get $address1) (i32.const 16)))
      (local.set $x (v128.load (local.get $address2)))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
      (local.set $address2 (i32.add (local.get $address2) (i32.const 16)))
      (local.set $x (v128.load (local.get $address3)))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
      (local.set $address3 (i32.add (local.get $address3) (i32.const 16)))
      (local.set $x (v128.load (local.get $address4)))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
      (local.set $address4 (i32.add (local.get $address4) (i32.const 16)))
      (local.set $x (v128.load (local.get $address5)))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
      (local.set $address5 (i32.add (local.get $address5) (i32.const 16)))
      (local.set $x (v128.load (local.get $address6)))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
      (local.set $address6 (i32.add (local.get $address6) (i32.const 16)))
      (local.set $x (v128.load (local.get $address7)))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $x) (local.get $x))))
      (local.set $address7 (i32.add (local.get $address7) (i32.const 16)))
      (local.set $sum (f64x2.add (local.get $sum) (call $promoted (local.get $squares))))
      (br $next)))
    ;; What is left behind the last eighth.
    (local.set $address (local.get $address7))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $address) (local.get $end)))
      (local.set $squares (f32x4.mul (v128.load (local.get $address)) (v128.load (local.get $address))))
      (local.set $sum (f64x2.add (local.get $sum) (call $promoted (local.get $squares))))
      (local.set $address (i32.add (local.get $address) (i32.const 16)))
      (br $next)))
    (f64.add (f64x2.extract_lane 0 (local.get $sum)) (f64x2.extract_lane 1 (local.get $sum))))

  ;; target[i] += source[i] for exactly `count` float32 values.
  (func (export "add") (param $target i32) (param $source i32) (param $count i32)
    (local $end i32) (local $endOfVectors i32)
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $endOfVectors
      (i32.add (local.get $target) (i32.shl (i32.and (local.get $count) (i32.const -4)) (i32.const 2))))
    (block $vectorsDone (loop $next
      (br_if $vectorsDone (i32.ge_u (local.get $target) (local.get $endOfVectors)))
      (v128.store (local.get $target)
        (f32x4.add (v128.load (local.get $target)) (v128.load (local.get $source))))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (br $next)))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $target) (local.get $end)))
      (f32.store (local.get $target)
        (f32.add (f32.load (local.get $target)) (f32.load (local.get $source))))
      (local.set $target (i32.add (local.get $target) (i32.const 4)))
      (local.set $source (i32.add (local.get $source) (i32.const 4)))
      (br $next))))

  ;; One step of AdamW over fours; the scalars and the formula are those of src/model/adamw.ts:
  ;;     g = gradientScale * gradient
  ;;     m = beta1 * m + oneMinusBeta1 * g
  ;;     v = beta2 * v + (oneMinusBeta2 * g) * g
  ;;     p = (p - decay * p) - stepSize * (m / (sqrt(v) + epsilon))
  ;; Denormal moments become 0 (NaN stays): arithmetic on them is about twenty times slower, and the
  ;; moments of rare words would end there and stay, because rounding keeps 0.9 * m above 0.
  ;; Two halves are gone through side by side: more of memory's answers are under way at a time.
  (func (export "adamw")
    (param $weights i32) (param $gradients i32) (param $m i32) (param $v i32) (param $count i32)
    (param $gradientScale f32) (param $decay f32) (param $beta1 f32) (param $oneMinusBeta1 f32)
    (param $beta2 f32) (param $oneMinusBeta2 f32) (param $stepSize f32) (param $epsilon f32)
    (local $first i32) (local $middle i32) (local $second i32) (local $end i32)
    (local $p v128) (local $g v128) (local $m4 v128) (local $v4 v128)
    (local $gradientScale4 v128) (local $decay4 v128) (local $beta14 v128) (local $oneMinusBeta14 v128)
    (local $beta24 v128) (local $oneMinusBeta24 v128) (local $stepSize4 v128) (local $epsilon4 v128)
    (local $normal v128)
    (local.set $gradientScale4 (f32x4.splat (local.get $gradientScale)))
    (local.set $decay4 (f32x4.splat (local.get $decay)))
    (local.set $beta14 (f32x4.splat (local.get $beta1)))
    (local.set $oneMinusBeta14 (f32x4.splat (local.get $oneMinusBeta1)))
    (local.set $beta24 (f32x4.splat (local.get $beta2)))
    (local.set $oneMinusBeta24 (f32x4.splat (local.get $oneMinusBeta2)))
    (local.set $stepSize4 (f32x4.splat (local.get $stepSize)))
    (local.set $epsilon4 (f32x4.splat (local.get $epsilon)))
    (local.set $normal (f32x4.splat (f32.const 0x1p-126)))
    (local.set $end (call $endOfFours (i32.const 0) (local.get $count)))
    ;; The first half is as long as the second or four longer.
    (local.set $middle (call $endOfFours (i32.const 0) (i32.shr_u (local.get $end) (i32.const 3))))
    (local.set $second (local.get $middle))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $first) (local.get $middle)))
      (local.set $g (f32x4.mul (v128.load (i32.add (local.get $gradients) (local.get $first))) (local.get $gradientScale4)))
      (local.set $m4 (f32x4.add
        (f32x4.mul (v128.load (i32.add (local.get $m) (local.get $first))) (local.get $beta14))
        (f32x4.mul (local.get $g) (local.get $oneMinusBeta14))))
      (local.set $v4 (f32x4.add
        (f32x4.mul (v128.load (i32.add (local.get $v) (local.get $first))) (local.get $beta24))
        (f32x4.mul (f32x4.mul (local.get $g) (local.get $oneMinusBeta24)) (local.get $g))))
      (local.set $m4 (v128.andnot (local.get $m4) (f32x4.lt (f32x4.abs (local.get $m4)) (local.get $normal))))
      (local.set $v4 (v128.andnot (local.get $v4) (f32x4.lt (f32x4.abs (local.get $v4)) (local.get $normal))))
      (v128.store (i32.add (local.get $m) (local.get $first)) (local.get $m4))
      (v128.store (i32.add (local.get $v) (local.get $first)) (local.get $v4))
      (local.set $p (v128.load (i32.add (local.get $weights) (local.get $first))))
      (local.set $p (f32x4.sub (local.get $p) (f32x4.mul (local.get $p) (local.get $decay4))))
      (v128.store (i32.add (local.get $weights) (local.get $first)) (f32x4.sub (local.get $p)
        (f32x4.mul (local.get $stepSize4)
          (f32x4.div (local.get $m4)
            (f32x4.add (f32x4.sqrt (local.get $v4)) (local.get $epsilon4))))))
      (local.set $first (i32.add (local.get $first) (i32.const 16)))
      (br_if $done (i32.ge_u (local.get $second) (local.get $end)))
      (local.set $g (f32x4.mul (v128.load (i32.add (local.get $gradients) (local.get $second))) (local.get $gradientScale4)))
      (local.set $m4 (f32x4.add
        (f32x4.mul (v128.load (i32.add (local.get $m) (local.get $second))) (local.get $beta14))
        (f32x4.mul (local.get $g) (local.get $oneMinusBeta14))))
      (local.set $v4 (f32x4.add
        (f32x4.mul (v128.load (i32.add (local.get $v) (local.get $second))) (local.get $beta24))
        (f32x4.mul (f32x4.mul (local.get $g) (local.get $oneMinusBeta24)) (local.get $g))))
      (local.set $m4 (v128.andnot (local.get $m4) (f32x4.lt (f32x4.abs (local.get $m4)) (local.get $normal))))
      (local.set $v4 (v128.andnot (local.get $v4) (f32x4.lt (f32x4.abs (local.get $v4)) (local.get $normal))))
      (v128.store (i32.add (local.get $m) (local.get $second)) (local.get $m4))
      (v128.store (i32.add (local.get $v) (local.get $second)) (local.get $v4))
      (local.set $p (v128.load (i32.add (local.get $weights) (local.get $second))))
      (local.set $p (f32x4.sub (local.get $p) (f32x4.mul (local.get $p) (local.get $decay4))))
      (v128.store (i32.add (local.get $weights) (local.get $second)) (f32x4.sub (local.get $p)
        (f32x4.mul (local.get $stepSize4)
          (f32x4.div (local.get $m4)
            (f32x4.add (f32x4.sqrt (local.get $v4)) (local.get $epsilon4))))))
      (local.set $second (i32.add (local.get $second) (i32.const 16)))
      (br $next))))

  ;; What adamw does where gradient and moments are zero, over fours: p = p - decay * p. In eight eighths, as
  ;; sumOfSquares.
  (func (export "decay") (param $weights i32) (param $count i32) (param $decay f32)
    (local $end i32) (local $eighth i32) (local $endOfFirst i32) (local $decay4 v128)
    (local $weights1 i32) (local $weights2 i32) (local $weights3 i32) (local $weights4 i32) (local $weights5 i32)
    (local $weights6 i32) (local $weights7 i32)
    (local.set $decay4 (f32x4.splat (local.get $decay)))
    (local.set $end (call $endOfFours (local.get $weights) (local.get $count)))
    (local.set $eighth (call $eighthOf (i32.sub (local.get $end) (local.get $weights))))
    (local.set $endOfFirst (i32.add (local.get $weights) (local.get $eighth)))
    (local.set $weights1 (i32.add (local.get $weights) (local.get $eighth)))
    (local.set $weights2 (i32.add (local.get $weights1) (local.get $eighth)))
    (local.set $weights3 (i32.add (local.get $weights2) (local.get $eighth)))
    (local.set $weights4 (i32.add (local.get $weights3) (local.get $eighth)))
    (local.set $weights5 (i32.add (local.get $weights4) (local.get $eighth)))
    (local.set $weights6 (i32.add (local.get $weights5) (local.get $eighth)))
    (local.set $weights7 (i32.add (local.get $weights6) (local.get $eighth)))
    (block $eighthsDone (loop $next
      (br_if $eighthsDone (i32.ge_u (local.get $weights) (local.get $endOfFirst)))
      (v128.store (local.get $weights) (f32x4.sub (v128.load (local.get $weights))
        (f32x4.mul (v128.load (local.get $weights)) (local.get $decay4))))
      (local.set $weights (i32.add (local.get $weights) (i32.const 16)))
      (v128.store (local.get $weights1) (f32x4.sub (v128.load (local.get $weights1))
        (f32x4.mul (v128.load (local.get $weights1)) (local.get $decay4))))
      (local.set $weights1 (i32.add (local.get $weights1) (i32.const 16)))
      (v128.store (local.get $weights2) (f32x4.sub (v128.load (local.get $weights2))
        (f32x4.mul (v128.load (local.get $weights2)) (local.get $decay4))))
      (local.set $weights2 (i32.add (local.get $weights2) (i32.const 16)))
      (v128.store (local.get $weights3) (f32x4.sub (v128.load (local.get $weights3))
        (f32x4.mul (v128.load (local.get $weights3)) (local.get $decay4))))
      (local.set $weights3 (i32.add (local.get $weights3) (i32.const 16)))
      (v128.store (local.get $weights4) (f32x4.sub (v128.load (local.get $weights4))
        (f32x4.mul (v128.load (local.get $weights4)) (local.get $decay4))))
      (local.set $weights4 (i32.add (local.get $weights4) (i32.const 16)))
      (v128.store (local.get $weights5) (f32x4.sub (v128.load (local.get $weights5))
        (f32x4.mul (v128.load (local.get $weights5)) (local.get $decay4))))
      (local.set $weights5 (i32.add (local.get $weights5) (i32.const 16)))
      (v128.store (local.get $weights6) (f32x4.sub (v128.load (local.get $weights6))
        (f32x4.mul (v128.load (local.get $weights6)) (local.get $decay4))))
      (local.set $weights6 (i32.add (local.get $weights6) (i32.const 16)))
      (v128.store (local.get $weights7) (f32x4.sub (v128.load (local.get $weights7))
        (f32x4.mul (v128.load (local.get $weights7)) (local.get $decay4))))
      (local.set $weights7 (i32.add (local.get $weights7) (i32.const 16)))
      (br $next)))
    ;; What is left behind the last eighth.
    (local.set $weights (local.get $weights7))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $weights) (local.get $end)))
      (v128.store (local.get $weights) (f32x4.sub (v128.load (local.get $weights))
        (f32x4.mul (v128.load (local.get $weights)) (local.get $decay4))))
      (local.set $weights (i32.add (local.get $weights) (i32.const 16)))
      (br $next))))

  ;; The dropout mask of one example, row after row without gaps: 0 or $kept for each element as float32, or with $bits
  ;; 0 or 1 as bytes. The hash is that of
  ;; src/model/dropout-bits.ts; it starts from element * 0x9E3779B9 + key0, so four elements further on is
  ;; one addition of 4 * 0x9E3779B9.
  (func (export "dropoutMask")
    (param $target i32) (param $key0 i32) (param $key1 i32) (param $threshold i32) (param $kept f32)
    (param $blocks i32) (param $rows i32) (param $columns i32) (param $rowStride i32) (param $columnStride i32)
    (param $bits i32)
    (local $block i32) (local $row i32) (local $end i32) (local $start v128) (local $x v128)
    (block $blocksDone (loop $nextBlock
      (br_if $blocksDone (i32.ge_u (local.get $block) (local.get $blocks)))
      (local.set $row (i32.const 0))
      (block $rowsDone (loop $nextRow
        (br_if $rowsDone (i32.ge_u (local.get $row) (local.get $rows)))
        (local.set $start (i32x4.add
          (i32x4.splat (i32.add (local.get $key0) (i32.mul (i32.const 0x9E3779B9) (i32.mul
            (i32.add (i32.mul (local.get $block) (local.get $rowStride)) (local.get $row))
            (local.get $columnStride)))))
          (v128.const i32x4 0 0x9E3779B9 0x3C6EF372 0xDAA66D2B)))
        (local.set $end (i32.add (local.get $target)
          (i32.shl (local.get $columns) (select (i32.const 0) (i32.const 2) (local.get $bits)))))
        (block $rowDone (loop $nextFour
          (br_if $rowDone (i32.ge_u (local.get $target) (local.get $end)))
          (local.set $x (v128.xor (local.get $start) (i32x4.shr_u (local.get $start) (i32.const 16))))
          (local.set $x (i32x4.mul (local.get $x) (i32x4.splat (i32.const 0x21F0AAAD))))
          (local.set $x (v128.xor (local.get $x) (i32x4.shr_u (local.get $x) (i32.const 15))))
          (local.set $x (i32x4.add (local.get $x) (i32x4.splat (local.get $key1))))
          (local.set $x (i32x4.mul (local.get $x) (i32x4.splat (i32.const 0x735A2D97))))
          (local.set $x (v128.xor (local.get $x) (i32x4.shr_u (local.get $x) (i32.const 15))))
          (local.set $x (i32x4.ge_u (local.get $x) (i32x4.splat (local.get $threshold))))
          (local.set $start (i32x4.add (local.get $start) (i32x4.splat (i32.const 0x78DDE6E4))))
          (if (local.get $bits)
            (then
              ;; The lowest bytes of the four.
              (local.set $x (v128.and (i8x16.splat (i32.const 1))
                (i8x16.shuffle 0 4 8 12 1 5 9 13 2 6 10 14 3 7 11 15 (local.get $x) (local.get $x))))
              (if (i32.ge_u (i32.sub (local.get $end) (local.get $target)) (i32.const 4))
                (then
                  (v128.store32_lane 0 (local.get $target) (local.get $x))
                  (local.set $target (i32.add (local.get $target) (i32.const 4)))
                  (br $nextFour)))
              (loop $nextByte
                (v128.store8_lane 0 (local.get $target) (local.get $x))
                (local.set $x (i32x4.shr_u (local.get $x) (i32.const 8)))
                (local.set $target (i32.add (local.get $target) (i32.const 1)))
                (br_if $nextByte (i32.lt_u (local.get $target) (local.get $end))))
              (br $rowDone)))
          (local.set $x (v128.and (f32x4.splat (local.get $kept)) (local.get $x)))
          (if (i32.ge_u (i32.sub (local.get $end) (local.get $target)) (i32.const 16))
            (then
              (v128.store (local.get $target) (local.get $x))
              (local.set $target (i32.add (local.get $target) (i32.const 16)))
              (br $nextFour)))
          ;; The last one to three columns.
          (loop $nextOne
            (v128.store32_lane 0 (local.get $target) (local.get $x))
            (local.set $x (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3 (local.get $x) (local.get $x)))
            (local.set $target (i32.add (local.get $target) (i32.const 4)))
            (br_if $nextOne (i32.lt_u (local.get $target) (local.get $end))))))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $nextRow)))
      (local.set $block (i32.add (local.get $block) (i32.const 1)))
      (br $nextBlock))))
)
