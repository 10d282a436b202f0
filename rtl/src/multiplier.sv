// Product of two unsigned numbers, in LUTs or, with DSP = 1, where the synthesis tool likes in DSP blocks. Combinational.

module multiplier #(
  parameter int unsigned WIDTH = 8,
  parameter bit          DSP   = 0
) (
  input  logic [  WIDTH-1:0] x,
  input  logic [  WIDTH-1:0] y,
  output logic [2*WIDTH-1:0] product
);

  if (DSP) begin : g_dsp
    assign product = {{WIDTH{1'b0}}, x} * {{WIDTH{1'b0}}, y};
  end else begin : g_lut
    // One partial product a bit of y, added up one after the other.
    for (genvar row = 0; row < WIDTH; row++) begin : g_row
      logic [2*WIDTH-1:0] partial, sum;
      assign partial = {{WIDTH{1'b0}}, x & {WIDTH{y[row]}}} << row;
      if (row == 0) begin : g_first
        assign sum = partial;
      end else begin : g_next
        assign sum = g_row[row-1].sum + partial;
      end
    end
    assign product = g_row[WIDTH-1].sum;
  end

endmodule
