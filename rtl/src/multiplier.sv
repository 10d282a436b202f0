// Product of two unsigned numbers, in LUTs or, with DSP = 1, where the synthesis tool likes in DSP blocks. `triple` is
// 3 * x: it costs an adder, and x is often shared by many multipliers. Combinational.
//
// In LUTs, y is taken two bits at a time: 0, x, 2 x or 3 x is added to what there is already, two places higher. Choosing
// and adding one bit takes one LUT of six inputs. Every four such digits make a chain of their own, so that chains of wide
// numbers are not long.

module multiplier #(
  parameter int unsigned WIDTH = 8,  // a multiple of 8
  parameter bit          DSP   = 0
) (
  input  logic [  WIDTH-1:0] x,
  input  logic [  WIDTH+1:0] triple,
  input  logic [  WIDTH-1:0] y,
  output logic [2*WIDTH-1:0] product
);

  localparam int unsigned CHAINS = WIDTH / 8;

  if (WIDTH % 8 != 0) begin : g_illegal
    $error("WIDTH must be a multiple of 8");
  end

  if (DSP) begin : g_dsp
    logic unused_triple;
    assign unused_triple = ^triple;
    assign product = {{WIDTH{1'b0}}, x} * {{WIDTH{1'b0}}, y};
  end else begin : g_lut
    for (genvar chain = 0; chain < CHAINS; chain++) begin : g_chain
      logic [WIDTH+7:0] part;  // x times eight bits of y
      logic [2*WIDTH-1:0] sum;
      for (genvar digit = 0; digit < 4; digit++) begin : g_digit
        logic [1:0] value;
        logic [WIDTH+1:0] multiple, upper;
        assign value = y[8*chain+2*digit+:2];
        assign multiple = value[1] ? (value[0] ? triple : {1'b0, x, 1'b0}) : {2'b0, x & {WIDTH{value[0]}}};
        if (digit == 0) begin : g_first
          assign upper = multiple;
        end else begin : g_next
          assign upper = {2'b0, g_digit[digit-1].upper[WIDTH+1:2]} + multiple;
        end
        if (digit == 3) begin : g_last
          assign part[WIDTH+7:6] = upper;
        end else begin : g_low
          assign part[2*digit+:2] = upper[1:0];
        end
      end
      if (chain == 0) begin : g_lowest
        assign sum = {{(WIDTH - 8) {1'b0}}, part};
      end else begin : g_higher
        assign sum = g_chain[chain-1].sum + ({{(WIDTH - 8) {1'b0}}, part} << (8 * chain));
      end
    end
    assign product = g_chain[CHAINS-1].sum;
  end

endmodule
