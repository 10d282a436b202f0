// Shifts a sum left until its leading one is at the top, or its exponent has come down to the least one, and says how to
// round it to SIG bits, to nearest even. Combinational.
//
// The magnitude is `sum`, complemented if `negative`; plus one in its lowest place if `increment`, which then counts as
// ones without end below the sum; plus less than that if `sticky`. At most one of the three is set.
//
// The shift is found and done by halves. Whether groups of four bits are all zero goes along with the bits, so that finding
// does not wait for shifting. Each level keeps as many bits as the result and later levels can need, and notes what it drops.

module fma_normalize #(
  parameter int unsigned EXP   = 8,
  parameter int unsigned SIG   = 8,
  parameter int unsigned FRAME = 28  // bits of the sum
) (
  input logic [FRAME-1:0] sum,
  input logic             negative,
  input logic             increment,
  input logic             sticky,
  input logic [    EXP:0] top,        // exponent of the sum's highest bit, less the least one

  output logic [  EXP:0] exponent,  // of the result's highest bit, less the least one
  output logic [SIG-1:0] kept,
  output logic           round_up,
  output logic           zero       // nothing to keep and nothing to round
);

  localparam int unsigned SHIFT = $clog2(FRAME + 1);
  localparam int unsigned WIDTH = SIG + (1 << SHIFT);  // result, guard bit, and all that may be shifted in
  localparam int unsigned GROUPS = WIDTH / 4;
  localparam logic [WIDTH-1:0] ALL = {WIDTH{1'b1}};
  localparam logic [GROUPS-1:0] ALL_GROUPS = {GROUPS{1'b1}};

  if (SIG % 4 != 0 || SHIFT < 3) begin : g_illegal
    $error("SIG must be a multiple of 4, FRAME at least 4");
  end

  logic [WIDTH-1:0] bits, flipped;
  logic [GROUPS-1:0] occupied, uneven;  // groups that are not all zero; not all as the bits below the sum
  logic [SHIFT-1:0] shift;
  logic room;  // the exponent allows for all that this level and later ones may shift
  logic rest;  // what is below the guard bit is not as the bits below the sum
  logic guard;

  always_comb begin
    bits = {sum ^ {FRAME{negative}}, {(WIDTH - FRAME) {increment}}};
    flipped = {sum ^ {FRAME{negative | increment}}, {(WIDTH - FRAME) {1'b0}}};
    for (int i = 0; i < GROUPS; i++) begin
      occupied[i] = bits[4*i+:4] != 0;
      uneven[i] = flipped[4*i+:4] != 0;
    end
    room = top[EXP:SHIFT] != 0;
    rest = sticky;
    for (int level = SHIFT - 1; level >= 2; level--) begin
      shift[level] = occupied >> (GROUPS - (1 << (level - 2))) == 0 && (room || top[level]);
      room = room | (top[level] & ~shift[level]);
      if (shift[level]) begin
        bits = bits << (1 << level);
        occupied = occupied << (1 << (level - 2));
        uneven = uneven << (1 << (level - 2));
      end else begin
        rest = rest | ((uneven & (ALL_GROUPS >> (GROUPS - (1 << (level - 2))) << (GROUPS - SIG / 4 - (2 << (level - 2))))) != 0);
      end
    end
    for (int level = 1; level >= 0; level--) begin
      shift[level] = bits >> (WIDTH - (1 << level)) == 0 && (room || top[level]);
      room = room | (top[level] & ~shift[level]);
      if (shift[level]) begin
        bits = bits << (1 << level);
      end else begin
        rest = rest | (((bits ^ {WIDTH{increment}}) & (ALL >> (WIDTH - (1 << level)) << (WIDTH - SIG - (2 << level)))) != 0);
      end
    end
  end

  assign exponent = top - {{(EXP + 1 - SHIFT) {1'b0}}, shift};
  assign kept = bits[WIDTH-1-:SIG];
  assign guard = bits[WIDTH-1-SIG];
  assign round_up = increment ? guard | (~rest & kept[0]) : guard & (rest | kept[0]);
  assign zero = kept == 0 && !guard && !rest && !increment;

endmodule
