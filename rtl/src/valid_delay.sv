// Marks of what is in a pipeline of STAGES cycles, with reset: unlike the data beside it (delay.sv), they must
// not be taken for something before the first has come. 0 is a wire.

module valid_delay #(
  parameter int unsigned WIDTH = 1,
  parameter int unsigned STAGES = 1
) (
  input  logic             clock,
  input  logic             reset,
  input  logic [WIDTH-1:0] in,
  output logic [WIDTH-1:0] out
);

  generate
    if (STAGES == 0) begin : gen_wire
      assign out = in;
      wire unused = &{1'b0, clock, reset};
    end else begin : gen_registers
      logic [STAGES*WIDTH-1:0] words;
      always_ff @(posedge clock) begin
        if (reset) begin
          words <= '0;
        end else begin
          words <= (STAGES * WIDTH)'({words, in});
        end
      end
      assign out = words[STAGES*WIDTH-1-:WIDTH];
    end
  endgenerate

endmodule
