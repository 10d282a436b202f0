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

  for (genvar i = 0; i < SIDE; i++) begin : g_element
    logic [$clog2(SIDE)-1:0] from;
    assign from = ($clog2(SIDE))'(i) - by;
    assign out[i*W+:W] = in[from*W+:W];
  end

endmodule
