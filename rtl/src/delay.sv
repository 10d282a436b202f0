// A word, STAGES cycles later; 0 is a wire. Without reset, so that it becomes shift registers in LUTs.

module delay #(
  parameter int unsigned WIDTH = 1,
  parameter int unsigned STAGES = 1
) (
  input  logic             clock,
  input  logic [WIDTH-1:0] in,
  output logic [WIDTH-1:0] out
);

  generate
    if (STAGES == 0) begin : gen_wire
      assign out = in;
      wire unused = clock;
    end else begin : gen_registers
      logic [STAGES*WIDTH-1:0] words;
      if (STAGES == 1) begin : gen_one
        always_ff @(posedge clock) begin
          words <= in;
        end
      end else begin : gen_more
        always_ff @(posedge clock) begin
          words <= {words[(STAGES-1)*WIDTH-1:0], in};
        end
      end
      assign out = words[STAGES*WIDTH-1-:WIDTH];
    end
  endgenerate

endmodule
