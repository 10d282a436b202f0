// Moves each of SIDE elements up by a number of places, those beyond the end to the beginning:
// element (i + by) mod SIDE of the result is element i of the input. Combinational.
module rotate #(
  parameter int unsigned SIDE = 4,  // a power of two
  parameter int unsigned W    = 16
) (
  input  logic [      SIDE*W-1:0] in,
  input  logic [$clog2(SIDE)-1:0] by,
  output logic [      SIDE*W-1:0] out
);

  localparam int unsigned BITS = $clog2(SIDE);

  // By halves: level i moves by 2^i places or not.
  for (genvar level = 0; level < BITS; level++) begin : g_level
    logic [SIDE*W-1:0] from, to;
    if (level == 0) begin : g_first
      assign from = in;
    end else begin : g_next
      assign from = g_level[level-1].to;
    end
    assign to = by[level] ? {from[(SIDE-(1<<level))*W-1:0], from[SIDE*W-1-:(1<<level)*W]} : from;
  end
  assign out = g_level[BITS-1].to;

endmodule
