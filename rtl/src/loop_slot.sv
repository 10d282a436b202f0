// The registers of one of the two loops that may be in flight: what its configuration commands have written
// (values that are not written stay), and what LOOP_WS itself says.

module loop_slot #(
  parameter int unsigned SIDE = 4,
  parameter int unsigned TILE_BITS = 13
) (
  input  logic                                 clock,
  input  logic                                 write,
  input  logic [                          6:0] funct,
  input  logic [                         63:0] rs1,
  input  logic [                         63:0] rs2,
  output logic [                TILE_BITS-1:0] bound_i,
  output logic [                TILE_BITS-1:0] bound_j,
  output logic [                TILE_BITS-1:0] bound_k,
  output logic [             $clog2(SIDE)-1:0] pad_i,
  output logic [             $clog2(SIDE)-1:0] pad_j,
  output logic [             $clog2(SIDE)-1:0] pad_k,
  output logic [gemmini_pkg::ADDRESS_BITS-1:0] address_a,
  output logic [gemmini_pkg::ADDRESS_BITS-1:0] address_b,
  output logic [gemmini_pkg::ADDRESS_BITS-1:0] address_d,
  output logic [gemmini_pkg::ADDRESS_BITS-1:0] address_c,
  output logic [                         31:0] stride_a,
  output logic [                         31:0] stride_b,
  output logic [                         31:0] stride_d,
  output logic [                         31:0] stride_c,
  output logic                                 accumulates,
  output logic                                 full_c,
  output logic                                 transpose_a,
  output logic                                 transpose_b
);

  localparam int unsigned SIDE_BITS = $clog2(SIDE);
  localparam int unsigned ADDRESS_BITS = gemmini_pkg::ADDRESS_BITS;

  wire unused = &{1'b0, rs1, rs2};

  always_ff @(posedge clock) begin
    if (write) begin
      case (funct)
        gemmini_pkg::FUNCT_LOOP_BOUNDS: begin
          pad_i <= rs1[0+:SIDE_BITS];
          pad_j <= rs1[16+:SIDE_BITS];
          pad_k <= rs1[32+:SIDE_BITS];
          bound_i <= rs2[0+:TILE_BITS];
          bound_j <= rs2[16+:TILE_BITS];
          bound_k <= rs2[32+:TILE_BITS];
        end
        gemmini_pkg::FUNCT_LOOP_ADDRESSES_AB: begin
          address_a <= rs1[ADDRESS_BITS-1:0];
          address_b <= rs2[ADDRESS_BITS-1:0];
        end
        gemmini_pkg::FUNCT_LOOP_ADDRESSES_DC: begin
          address_d <= rs1[ADDRESS_BITS-1:0];
          address_c <= rs2[ADDRESS_BITS-1:0];
        end
        gemmini_pkg::FUNCT_LOOP_STRIDES_AB: begin
          stride_a <= rs1[31:0];
          stride_b <= rs2[31:0];
        end
        gemmini_pkg::FUNCT_LOOP_STRIDES_DC: begin
          stride_d <= rs1[31:0];
          stride_c <= rs2[31:0];
        end
        gemmini_pkg::FUNCT_LOOP: begin
          accumulates <= rs1[0];
          full_c <= rs1[1];
          transpose_a <= rs2[0];
          transpose_b <= rs2[1];
        end
        default: ;
      endcase
    end
  end

endmodule
